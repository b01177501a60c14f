/** What the pipeline shows in a notebook is what the protocol says that viewers get: that this file compiles is the test. */
import { expectTypeOf } from 'vitest'
import type { ImageDetails as Shown } from '../../src/pipeline/image/bundle.js'
import type { ImageDetails } from '../../src/protocol/pictures.js'

expectTypeOf<Shown>().toEqualTypeOf<ImageDetails>()
