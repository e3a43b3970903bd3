//! Files that globs leave out of prompts, and inputs that are not regular files.
