/** VS Code's API of notebook renderers, as far as it is used here. @see @types/vscode-notebook-renderer */
export interface RendererContext {
  /** absent where the extension does not run */
  postMessage?(message: unknown): void
  onDidReceiveMessage?: (listener: (message: never) => void) => { dispose(): void }
  readonly workspace: { readonly isTrusted: boolean }
}

export interface OutputItem {
  /** of the output: stays when the item is replaced */
  readonly id: string
  readonly mime: string
  /** of the output */
  readonly metadata: unknown
  data(): Uint8Array
  /** @throws SyntaxError for what is no JSON */
  json(): unknown
}

export interface RendererApi {
  /** Called again whenever the item is replaced; what is drawn stays in the element until then. */
  renderOutputItem(item: OutputItem, element: HTMLElement, signal: AbortSignal): void | Promise<void>
  /** @param id all outputs where it is undefined */
  disposeOutputItem(id?: string): void
}
