export type { NodeRequest, NodeResponse } from './node/node-message.ts'
export { type NodeHandler, type NodeHandlerOptions, toNodeHandler } from './node/to-node-handler.ts'
