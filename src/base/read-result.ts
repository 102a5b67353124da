/**
 * What a reader's `read()` resolves to. Spelled out here because its standard name, `ReadableStreamReadResult`,
 * is declared only by TypeScript's DOM library, which a Node project may not load.
 */
export type ReadResult<T> = { done: false; value: T } | { done: true; value?: T | undefined }
