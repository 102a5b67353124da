export type { StreamVerdict } from './base/stream-verdict.ts'
export { type Chunking, type ChunkingsOptions, chunkings } from './testing/chunkings.ts'
export type { ClientRequest } from './testing/client/client-request.ts'
export type { ClientHead } from './testing/client/client-source.ts'
export {
  type DisconnectAfterOptions,
  type DisconnectedAfter,
  disconnectAfter,
} from './testing/client/disconnect-after.ts'
export {
  type SlowClient,
  type SlowClientOptions,
  slowClient,
} from './testing/client/slow-client.ts'
export { collect } from './testing/collect/collect.ts'
export type { CollectOptions } from './testing/collect/collect-options.ts'
export type { CollectedStream } from './testing/collect/collected-stream.ts'
export { type SlowReaderOptions, slowReader } from './testing/collect/slow-reader.ts'
export { type Gate, gate } from './testing/gate.ts'
export type {
  ScriptedStream,
  ScriptedStreamState,
  StreamStep,
} from './testing/scripted-stream.ts'
export { serve } from './testing/serve.ts'
export { streamOf } from './testing/stream-of.ts'
export type { ServeOptions, TestServer } from './testing/test-server.ts'
export type { TranscriptDialect, TranscriptTool } from './testing/transcript/dialect-answer.ts'
export { type TranscriptOptions, transcript } from './testing/transcript/transcript.ts'
export {
  type FakeUpstream,
  type FakeUpstreamOptions,
  fakeUpstream,
  type UpstreamScript,
} from './testing/upstream/fake-upstream.ts'
export type { RecordedRequest } from './testing/upstream/recorded-request.ts'
export type { StepSource } from './testing/upstream/run-steps.ts'
export {
  type BodyCoding,
  type StepHeaders,
  type Steps,
  step,
  type UpstreamStep,
} from './testing/upstream/step.ts'
