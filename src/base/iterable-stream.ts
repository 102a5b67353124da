/**
 * A `ReadableStream` that type-checks in `for await` with any `lib` setting: before version 6, TypeScript's DOM
 * library declares the async iterator of streams only in `DOM.AsyncIterable`.
 *
 * Browsers that cannot iterate streams (Safari) need `getReader()`.
 */
export type IterableStream<T> = ReadableStream<T> & AsyncIterable<T>
