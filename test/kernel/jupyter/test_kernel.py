"""jupyter_kernel_test over the kernel `sdnb`, and what jupyter_client does with a kernel beside; only its test of the pager is left out, since a payload that pages is deprecated."""

import time
import unittest

import jupyter_kernel_test
from jupyter_client.manager import start_new_kernel


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
        {"text": "Math.sqr", "matches": ["sqrt", "SQRT1_2", "SQRT2"]},
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


class ManagerTests(unittest.TestCase):
    def setUp(self):
        self.manager, self.client = start_new_kernel(kernel_name="sdnb")

    def tearDown(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel()

    def run_cell(self, code, **options):
        return self.client.execute_interactive(code, timeout=15, output_hook=lambda message: None, **options)["content"]

    def test_interrupt(self):
        self.run_cell("const kept = 7")
        self.client.execute("for (;;);")
        time.sleep(0.5)
        self.manager.interrupt_kernel()
        reply = self.client.get_shell_msg(timeout=15)["content"]
        self.assertEqual((reply["status"], reply["ename"]), ("error", "InterruptedError"))
        self.assertEqual(self.run_cell("if (kept !== 7) throw 1")["status"], "ok")

    def test_input(self):
        answer = lambda message: self.client.input(f"{message['content']['prompt'].strip()} yes")
        code = "if (prompt('sure?') !== 'sure? yes') throw 1"
        self.assertEqual(self.run_cell(code, allow_stdin=True, stdin_hook=answer)["status"], "ok")

    def test_restart(self):
        self.run_cell("const gone = 7")
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=15)
        self.assertEqual(self.run_cell("gone")["ename"], "ReferenceError")

    def test_shutdown(self):
        self.client.execute("for (;;);")
        time.sleep(0.5)
        began = time.monotonic()
        self.manager.shutdown_kernel()
        self.assertLess(time.monotonic() - began, 5)  # before jupyter_client resorts to force
        self.assertFalse(self.manager.is_alive())


if __name__ == "__main__":
    unittest.main(verbosity=2)
