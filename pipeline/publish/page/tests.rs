//! What the page says, and what it may not do.
