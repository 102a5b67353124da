export { type Chunking, type ChunkingsOptions, chunkings } from './testing/chunkings.ts'
export { collect } from './testing/collect.ts'
export type { CollectOptions } from './testing/collect-options.ts'
export type { CollectedEnding, CollectedStream } from './testing/collected-stream.ts'
export type {
  ScriptedStream,
  ScriptedStreamState,
  StreamStep,
} from './testing/scripted-stream.ts'
export { type SlowReaderOptions, slowReader } from './testing/slow-reader.ts'
export { streamOf } from './testing/stream-of.ts'
