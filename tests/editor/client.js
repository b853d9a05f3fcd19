// An editor, as small as one can be: it speaks the Language Server Protocol with the YAML language server that most
// editors use, over its standard input and output.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// `require`, and not `import`: it looks into NODE_PATH as well, so that the modules may lie outside the work tree.
const require = createRequire(import.meta.url);

export const repository = resolve(fileURLToPath(import.meta.url), '../../..');

/** The server's program; nothing where it is not installed. */
export function program() {
  try {
    return join(dirname(require.resolve('yaml-language-server/package.json')), 'bin', 'yaml-language-server');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

/** What an editor's user has set. The schema store is a web site: here nothing is looked up in it. */
const settings = {
  yaml: { validate: true, hover: true, completion: true, schemaStore: { enable: false } },
};

/** A running server. `close` ends it. */
export class Editor {
  #server;
  #received = Buffer.alloc(0);
  #asked = new Map();
  #next = 1;
  #awaited = new Map();
  #documents = 0;

  static async open() {
    const editor = new Editor();
    await editor.#ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(repository).href,
      capabilities: {
        workspace: { configuration: true },
        textDocument: { completion: { completionItem: { documentationFormat: ['markdown'], snippetSupport: true } } },
      },
    });
    editor.#tell('initialized', {});
    return editor;
  }

  constructor() {
    this.#server = spawn(process.execPath, [program(), '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#server.stdout.on('data', (bytes) => this.#receive(bytes));
  }

  close() {
    this.#server.kill();
  }

  /** Shows a text as if it stood at `path` of the repository. Gives its address, and what is wrong with it. */
  async show(path, text) {
    this.#documents += 1;
    // Each is a document of its own, beside the file whose place it takes, so that relative paths lead where they do.
    const uri = pathToFileURL(join(repository, dirname(path), `shown-${this.#documents}.yaml`)).href;
    const judged = new Promise((settle) => this.#awaited.set(uri, settle));
    this.#tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    return { uri, wrong: await judged };
  }

  /** What may be typed at a place, by its label. Lines and columns count from 0. */
  async complete(uri, position) {
    const found = await this.#ask('textDocument/completion', { textDocument: { uri }, position });
    return new Map(found.items.map((item) => [item.label, item]));
  }

  /** What is said of the word at a place, in Markdown. */
  async hover(uri, position) {
    const found = await this.#ask('textDocument/hover', { textDocument: { uri }, position });
    return found?.contents.value ?? '';
  }

  #ask(method, params) {
    const id = this.#next++;
    return new Promise((settle, fail) => {
      this.#asked.set(id, ({ result, error }) => (error ? fail(new Error(error.message)) : settle(result)));
      this.#send({ id, method, params });
    });
  }

  #tell(method, params) {
    this.#send({ method, params });
  }

  #send(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #receive(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.#received.subarray(0, head).toString())[1]);
      const end = head + 4 + length;
      if (this.#received.length < end) return;
      const message = JSON.parse(this.#received.subarray(head + 4, end).toString());
      this.#received = this.#received.subarray(end);
      this.#answer(message);
    }
  }

  #answer(message) {
    if (message.method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = message.params;
      this.#awaited.get(uri)?.(diagnostics);
    } else if (message.method === 'workspace/configuration') {
      const result = message.params.items.map(({ section }) => settings[section] ?? null);
      this.#send({ id: message.id, result });
    } else if (message.method !== undefined && message.id !== undefined) {
      this.#send({ id: message.id, result: null });
    } else if (this.#asked.has(message.id)) {
      this.#asked.get(message.id)(message);
      this.#asked.delete(message.id);
    }
  }
}
