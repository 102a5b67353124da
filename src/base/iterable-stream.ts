/**
 * A `ReadableStream` that type-checks in `for await`, whatever `lib` says: TypeScript's DOM library before
 * version 6 declares a stream's async iterator only in `DOM.AsyncIterable`.
 *
 * Browsers without async iteration of streams (Safari) need `getReader()`.
 */
export type IterableStream<T> = ReadableStream<T> & AsyncIterable<T>
