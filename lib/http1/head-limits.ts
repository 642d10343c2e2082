/** What one head may hold. 0 = no limit. */
export interface HeadLimits {
  /** From the start line to the empty line, both included. */
  readonly maxBytes: number;
  readonly maxFields: number;
}
