/** What is said on a local socket before messages (`frames.ts`). */

/** The first frame of a client. */
export interface Hello {
  token: string
  /** The client takes over from one that has left: it gets {@link Resumed}, then all that came of those requests, then what comes. */
  replay?: boolean
  /** The client keeps the kernel from ending until another takes over; it hears nothing. */
  hold?: boolean
}

/** The first frame to a client that asked for a replay. */
export interface Resumed {
  resumed: {
    /** in the order asked: all that are open, those that ended while nobody was there, and those that ended just before */
    requests: ResumedRequest[]
  }
}

/** An `execute_request`. */
export interface ResumedRequest {
  msg_id: string
  /** the cell's id, where its client told it */
  cell?: string
  state: 'queued' | 'running' | 'ended'
}
