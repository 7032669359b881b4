"""The change itself: reading, editing and writing unified diffs, and what language and component a path belongs to."""
