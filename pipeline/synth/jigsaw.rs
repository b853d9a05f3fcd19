//! Cells of a lattice to the rings about them. Whoever borders on a cell has the same corners, so that no border has a gap.

use std::collections::{BTreeMap, BTreeSet};

/// A cell by its lower left corner; also a corner.
pub(super) type Cell = (i32, i32);
/// Corners; the last is the first.
pub(super) type Ring = Vec<Cell>;

/// The polygons about a set of cells, one a piece: the outer ring counter-clockwise, then the holes clockwise, as RFC 7946
/// has them. No ring meets itself.
pub(super) fn polygons(cells: &[Cell]) -> Vec<Vec<Ring>> {
    pieces(cells).iter().map(rings).collect()
}

/// The pieces of a set: cells that share a side are of one piece.
fn pieces(cells: &[Cell]) -> Vec<BTreeSet<Cell>> {
    let mut left = cells.iter().copied().collect::<BTreeSet<_>>();
    let mut pieces = Vec::new();
    while let Some(first) = left.pop_first() {
        let (mut piece, mut waiting) = (BTreeSet::from([first]), vec![first]);
        while let Some((x, y)) = waiting.pop() {
            for next in [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)] {
                if left.remove(&next) {
                    piece.insert(next);
                    waiting.push(next);
                }
            }
        }
        pieces.push(piece);
    }
    pieces
}

/// The rings about one piece: its outer ring first.
fn rings(piece: &BTreeSet<Cell>) -> Vec<Ring> {
    // Sides that border on something else, each with the piece on its left, by where it starts.
    let mut sides: BTreeMap<Cell, Vec<Cell>> = BTreeMap::new();
    for &(x, y) in piece {
        let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
        let beyond = [(x, y - 1), (x + 1, y), (x, y + 1), (x - 1, y)];
        for (at, other) in beyond.iter().enumerate() {
            if !piece.contains(other) {
                sides.entry(corners[at]).or_default().push(corners[(at + 1) % 4]);
            }
        }
    }
    let mut rings = Vec::new();
    while let Some((&start, _)) = sides.first_key_value() {
        let mut ring = vec![start];
        let (mut at, mut from) = (start, None);
        while let Some(next) = step(&mut sides, at, from) {
            ring.push(next);
            if next == start {
                break;
            }
            (from, at) = (Some(at), next);
        }
        rings.push(ring);
    }
    // The outer ring turns the other way than all holes do.
    rings.sort_by_key(|ring| std::cmp::Reverse(twice_the_area(ring)));
    rings
}

/// The next corner after `at`. Where two cells of the piece meet in a corner only, the way goes on to the other of them:
/// what they enclose is then a hole of its own.
fn step(sides: &mut BTreeMap<Cell, Vec<Cell>>, at: Cell, from: Option<Cell>) -> Option<Cell> {
    let open = sides.get_mut(&at)?;
    let is_right = |next: &Cell| {
        from.is_some_and(|from| {
            let ((ax, ay), (bx, by)) = ((at.0 - from.0, at.1 - from.1), (next.0 - at.0, next.1 - at.1));
            ax * by - ay * bx < 0
        })
    };
    let chosen = open.iter().position(is_right).unwrap_or(0);
    let next = open.swap_remove(chosen);
    if open.is_empty() {
        sides.remove(&at);
    }
    Some(next)
}

/// Above zero where the ring is counter-clockwise.
fn twice_the_area(ring: &Ring) -> i64 {
    let pairs = ring.iter().zip(ring.iter().skip(1));
    pairs.map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_of_cells_has_a_hole() {
        let cells = (0..9).map(|n| (n % 3, n / 3)).filter(|&cell| cell != (1, 1)).collect::<Vec<_>>();
        let polygons = polygons(&cells);
        assert_eq!(polygons.len(), 1);
        assert_eq!(polygons[0].iter().map(twice_the_area).collect::<Vec<_>>(), [18, -2]);
        assert!(polygons[0].iter().all(|ring| ring.first() == ring.last()));
    }

    #[test]
    fn tips_that_touch_enclose_a_hole_and_no_ring_meets_itself() {
        // A hook whose ends, (0, 1) and (1, 2), meet in the corner (1, 2) about the cell (1, 1).
        let cells = [(0, 1), (0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2)];
        let polygons = polygons(&cells);
        assert_eq!(polygons.len(), 1);
        assert_eq!(polygons[0].iter().map(twice_the_area).collect::<Vec<_>>(), [16, -2]);
        for ring in &polygons[0] {
            assert_eq!(ring.iter().collect::<BTreeSet<_>>().len(), ring.len() - 1, "{ring:?}");
        }
    }

    #[test]
    fn cells_that_meet_in_a_corner_are_two_pieces() {
        assert_eq!(polygons(&[(0, 0), (1, 1)]).len(), 2);
    }
}
