/**
 * Result of a reader's `read()`. Declared here because only TypeScript's DOM library has the standard type,
 * `ReadableStreamReadResult`, and a Node project may not load it.
 */
export type ReadResult<T> = { done: false; value: T } | { done: true; value?: T | undefined }
