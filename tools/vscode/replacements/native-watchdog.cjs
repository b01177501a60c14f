// In place of @vscode/native-watchdog, which is not prebuilt: it ends an extension host whose parent is gone.
exports.start = () => {}
