import type { ResumedRequest } from '../protocol/localSocket.js'
import type { CommMessage, Message, Request } from '../protocol/messages.js'

/** What brings clients to the kernel. */
export interface Transport {
  /** Takes and lets go of no client any more, when what was said has been sent, or the time is over, ms. */
  close(withinMs: number): Promise<void>
}

/** Where transports meet the kernel. */
export interface Hub {
  /**
   * Adds a client: `send` hears every `iopub` message, and the answers to what this client asks; it throws for what it cannot encode.
   * @param resumed of a client that takes over from one that has left: is called at once, with the requests to run cells that it has from
   * now on; what they have caused until now follows
   */
  connect(send: (message: Message) => void, resumed?: (requests: ResumedRequest[]) => void): Client
}

/** The kernel's side of one client. A transport with many peers of its own, as ZeroMQ's, may be one client. */
export interface Client {
  /** Takes a message that has been checked against the protocol's shape. */
  receive(message: Request | CommMessage): void
  /** The client has gone. */
  close(): void
}
