//! State folders that a repository ships: links, triggers, permissions.
