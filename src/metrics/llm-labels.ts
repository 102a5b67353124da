import { LabelValues } from './label-values.ts'

const MAX_DIALECTS = 20
const MAX_FINISH_REASONS = 50
const MAX_ERROR_TYPES = 50

/** Values of the labels of LLM metrics, shared by all routes of a registry. */
export class LlmLabels {
  readonly dialects: LabelValues = new LabelValues(MAX_DIALECTS)
  readonly models: LabelValues
  readonly finishReasons: LabelValues = new LabelValues(MAX_FINISH_REASONS)
  readonly errorTypes: LabelValues = new LabelValues(MAX_ERROR_TYPES)

  constructor(maxModels: number) {
    this.models = new LabelValues(maxModels)
  }
}
