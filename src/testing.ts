export type { StreamVerdict } from './base/stream-verdict.ts'
export { type Chunking, type ChunkingsOptions, chunkings } from './testing/chunkings.ts'
export type { ClientRequest } from './testing/client-request.ts'
export type { ClientHead } from './testing/client-source.ts'
export { collect } from './testing/collect.ts'
export type { CollectOptions } from './testing/collect-options.ts'
export type { CollectedStream } from './testing/collected-stream.ts'
export type { TranscriptDialect } from './testing/dialect-lines.ts'
export {
  type DisconnectAfterOptions,
  type DisconnectedAfter,
  disconnectAfter,
} from './testing/disconnect-after.ts'
export {
  type FakeUpstream,
  type FakeUpstreamOptions,
  fakeUpstream,
  type UpstreamScript,
} from './testing/fake-upstream.ts'
export { type Gate, gate } from './testing/gate.ts'
export { type LoopbackCertificate, loopbackCertificate } from './testing/loopback-certificate.ts'
export type { RecordedRequest } from './testing/recorded-request.ts'
export type { StepSource } from './testing/run-steps.ts'
export type {
  ScriptedStream,
  ScriptedStreamState,
  StreamStep,
} from './testing/scripted-stream.ts'
export { type ServeOptions, serve, type TestServer } from './testing/serve.ts'
export { type SlowClient, type SlowClientOptions, slowClient } from './testing/slow-client.ts'
export { type SlowReaderOptions, slowReader } from './testing/slow-reader.ts'
export {
  type BodyCoding,
  type StepHeaders,
  type Steps,
  step,
  type UpstreamStep,
} from './testing/step.ts'
export { streamOf } from './testing/stream-of.ts'
export { type TranscriptOptions, transcript } from './testing/transcript.ts'
