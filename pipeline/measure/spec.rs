//! Spec tables.
