//! Decisions name the attempt that they are about.
