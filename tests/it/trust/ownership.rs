//! Configurations and state folders that another account owns or can change.
