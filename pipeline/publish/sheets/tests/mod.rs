//! Workbooks by hand.
