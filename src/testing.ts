export { type Chunking, type ChunkingsOptions, chunkings } from './testing/chunkings.ts'
export { collect } from './testing/collect.ts'
export type { CollectOptions } from './testing/collect-options.ts'
export type { CollectedEnding, CollectedStream } from './testing/collected-stream.ts'
export {
  type FakeUpstream,
  type FakeUpstreamOptions,
  fakeUpstream,
  type UpstreamScript,
} from './testing/fake-upstream.ts'
export type { RecordedRequest } from './testing/recorded-request.ts'
export type { StepSource } from './testing/run-steps.ts'
export type {
  ScriptedStream,
  ScriptedStreamState,
  StreamStep,
} from './testing/scripted-stream.ts'
export { type ServeOptions, serve, type TestServer } from './testing/serve.ts'
export { type SlowReaderOptions, slowReader } from './testing/slow-reader.ts'
export { type BodyCoding, type Steps, step, type UpstreamStep } from './testing/step.ts'
export { streamOf } from './testing/stream-of.ts'
