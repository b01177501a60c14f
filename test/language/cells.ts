import { createLanguageService, type LanguageService } from '../../src/language/service.js'
