//! Addresses, keys and limits that a project names and its user has not agreed to.
