"""jupyter_kernel_test over the kernel `sdnb`; only its test of the pager is left out, since a payload that pages is deprecated."""

import unittest

import jupyter_kernel_test


class KernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "sdnb"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('to stderr')"
    code_generate_error = "throw new TypeError('wrong')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "const car: string = 'car'; [car]", "result": "[ 'car' ]"},
        {
            "code": "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>hi</b>' }) })",
            "result": "<b>hi</b>",
            "mime": "text/html",
        },
    ]
    code_display_data = [
        {"code": "import { display } from 'sdnb'; await display({ 'image/svg+xml': '<svg/>' })", "mime": "image/svg+xml"},
        {"code": "import { display } from 'sdnb'; await display(new Map([[1, 2]]))", "mime": "text/plain"},
    ]
    code_clear_output = "import { clearOutput } from 'sdnb'; clearOutput()"

    completion_samples = [
        {"text": "Math.sqr", "matches": ["sqrt"]},
        {"text": "const 🚗 = 1; Number.isSafe", "matches": ["isSafeInteger"]},
    ]
    complete_code_samples = ["1", "", "const a = 1", "function f() { return 1 }", "for await (const a of [1]) {}"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "`line", "f(", "/* more"]
    invalid_code_samples = ["const = 3", ")", "for (const) {}"]
    code_inspect_sample = "Math.sqrt"

    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "6 ? 7*"


class IopubWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "sdnb"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main(verbosity=2)
