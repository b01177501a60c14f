import type { MessageOf } from '../protocol/messages.js'
import type { Comms } from './comms.js'
import type { History } from './history.js'
import { kernelInfo } from './kernelInfo.js'

/** The questions that need no cell, by the first part of their message type, each with what answers it. */
export type Answers = { [Name in QuestionName]: Answer<Name> }
export type QuestionName =
  | 'kernel_info'
  | 'inspect'
  | 'complete'
  | 'is_complete'
  | 'history'
  | 'comm_info'
  | 'interrupt'
  | 'shutdown'
type Answer<Name extends QuestionName> = (
  asked: MessageOf<`${Name}_request`>['content'],
) => MessageOf<`${Name}_reply`>['content'] | Promise<MessageOf<`${Name}_reply`>['content']>

/** What the language server answers. */
export type LanguageAnswers = Pick<Answers, 'inspect' | 'complete' | 'is_complete'>

/** All but what stops or ends the kernel. */
export function createAnswers(
  history: History,
  comms: Comms,
  language: LanguageAnswers,
): Omit<Answers, 'interrupt' | 'shutdown'> {
  return {
    ...language,
    kernel_info: () => ({ status: 'ok', ...kernelInfo() }),
    history: history.answer,
    comm_info({ target_name }) {
      const chosen = [...comms.open].filter(([, name]) => target_name === undefined || name === target_name)
      const infos = chosen.map(([id, target_name]) => [id, { target_name }])
      return { status: 'ok', comms: Object.fromEntries(infos) }
    },
  }
}
