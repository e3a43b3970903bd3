//! Runs that others exported: bounded, marked, and without authority here.
