//! Out folders, lock files and compiled components that a repository ships.
