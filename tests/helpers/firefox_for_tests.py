"""Headless Firefox by its own protocol, Marionette: Debian has no geckodriver, which does little else than this."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.file_detector import UselessFileDetector

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PREFERENCES = {
    "marionette.port": 0,  # a free one, which it writes to MarionetteActivePort
    "browser.download.folderList": 2,
    "browser.download.useDownloadDir": True,
    "browser.download.always_ask_before_handling_new_types": False,
    "browser.helperApps.neverAsk.saveToDisk": "text/csv,text/plain",
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
}
# What Selenium calls a command, and Marionette.
COMMANDS = {
    Command.NEW_SESSION: "WebDriver:NewSession",
    Command.QUIT: "Marionette:Quit",
    Command.GET: "WebDriver:Navigate",
    Command.GET_CURRENT_URL: "WebDriver:GetCurrentURL",
    Command.FIND_ELEMENT: "WebDriver:FindElement",
    Command.FIND_ELEMENTS: "WebDriver:FindElements",
    Command.CLICK_ELEMENT: "WebDriver:ElementClick",
    Command.GET_ELEMENT_TEXT: "WebDriver:GetElementText",
    Command.GET_ELEMENT_PROPERTY: "WebDriver:GetElementProperty",
    Command.GET_ELEMENT_RECT: "WebDriver:GetElementRect",
    Command.IS_ELEMENT_ENABLED: "WebDriver:IsElementEnabled",
    Command.SEND_KEYS_TO_ELEMENT: "WebDriver:ElementSendKeys",
    Command.W3C_EXECUTE_SCRIPT: "WebDriver:ExecuteScript",
    Command.W3C_EXECUTE_SCRIPT_ASYNC: "WebDriver:ExecuteAsyncScript",
    Command.W3C_ACTIONS: "WebDriver:PerformActions",
    Command.W3C_CLEAR_ACTIONS: "WebDriver:ReleaseActions",
    Command.W3C_ACCEPT_ALERT: "WebDriver:AcceptAlert",
    Command.W3C_GET_ALERT_TEXT: "WebDriver:GetAlertText",
    Command.SET_WINDOW_RECT: "WebDriver:SetWindowRect",
    "context": "Marionette:SetContext",
}


class Marionette:
    """What Selenium sends its commands to, in place of a server.

    A message is a JSON list behind its length: `[0, number, command, parameters]`, then `[1, number, error, result]`.
    """

    def __init__(self, port: int):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream = self.connection.makefile("rb")
        self.number = 0
        self._receive()  # it greets

    def execute(self, command: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.number += 1
        if command == Command.NEW_SESSION:
            parameters = parameters["capabilities"]["alwaysMatch"]
        message = json.dumps([0, self.number, COMMANDS[command], parameters])
        self.connection.sendall(f"{len(message)}:{message}".encode())  # JSON is ASCII
        _, number, error, result = self._receive()
        assert number == self.number
        if error:
            return {"status": 500, "value": json.dumps({"value": error})}
        return {"value": result["value"] if isinstance(result, dict) and set(result) == {"value"} else result}

    def _receive(self):
        length = b""
        while not length.endswith(b":"):
            length += self.stream.read(1)
        return json.loads(self.stream.read(int(length[:-1])))

    def close(self):
        self.connection.close()


class Firefox(webdriver.Remote):
    """A browser with an empty profile. It can do what `browser_for_tests.Chromium` can."""

    def __init__(self, profile: Path):
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("".join(lines))
        flags = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile]
        self.process = subprocess.Popen([FIREFOX, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        options, detector = webdriver.FirefoxOptions(), UselessFileDetector()
        super().__init__(Marionette(_port(profile, self.process)), options=options, file_detector=detector)
        self.set_window_size(1440, 900)

    def resize(self, width: int, height: int) -> None:
        """Sets the size of the page, in pixels."""
        inner, outer = ("return [innerWidth, innerHeight]", "return [outerWidth, outerHeight]")
        frame = [out - into for out, into in zip(self.execute_script(outer), self.execute_script(inner), strict=True)]
        self.set_window_size(width + frame[0], height + frame[1])

    def download_to(self, folder: Path) -> None:
        self._as_browser("Services.prefs.setStringPref('browser.download.dir', arguments[0])", str(folder))

    def errors(self) -> list[str]:
        """What went wrong in pages since it was last asked."""
        return self._as_browser(
            """const found = Services.console.getMessageArray()
                .filter((one) => one instanceof Ci.nsIScriptError && one.sourceName.startsWith("file:"))
                .map((one) => one.message);
            Services.console.reset();
            return found;"""
        )

    def _as_browser(self, script: str, *arguments):
        self.execute("context", {"value": "chrome"})
        try:
            return self.execute_script(script, *arguments)
        finally:
            self.execute("context", {"value": "content"})

    def quit(self) -> None:
        super().quit()
        self.process.wait(30)


def _port(profile: Path, process: subprocess.Popen) -> int:
    written = profile / "MarionetteActivePort"
    for _ in range(600):
        if written.exists() and (text := written.read_text()):
            return int(text)
        assert process.poll() is None, f"{FIREFOX} ended with {process.returncode}"
        time.sleep(0.1)
    process.kill()
    raise TimeoutError(f"{FIREFOX} did not start within a minute")
