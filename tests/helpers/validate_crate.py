"""Validates a crate with the profiles' own validator, without a network.

    python validate_crate.py CRATE CACHE CONTEXT

Runs in the validator's own environment (envs/validator.txt). CACHE is a folder for its HTTP cache, which is filled with
CONTEXT, a file that has RO-Crate 1.1's words. Prints a line for everything that the profile demands or recommends and
the crate lacks: its severity, check and message.
"""

import sys
from pathlib import Path

import requests
from requests_cache import CachedSession
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class Local(requests.adapters.BaseAdapter):
    """Answers every request with one file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def send(self, request, **_) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers["Content-Type"] = "application/ld+json"
        response.raw = requests.packages.urllib3.HTTPResponse(
            self.path.open("rb"), status=200, headers=response.headers, request_url=request.url, preload_content=False
        )
        return response

    def close(self) -> None:
        pass


crate, cache, context = map(Path, sys.argv[1:])
with CachedSession(str(cache / "http"), backend="sqlite") as session:
    session.mount("https://", Local(context))
    session.get(CONTEXT, headers={"Accept": "application/ld+json, application/json;q=0.9, */*;q=0.1"})
    session.get(CONTEXT)
settings = ValidationSettings(
    rocrate_uri=str(crate),
    profile_identifier="workflow-run-crate",
    requirement_severity=Severity.RECOMMENDED,
    cache_path=cache / "http",
    offline=True,
)
for issue in services.validate(settings).get_issues():
    print(f"{issue.severity.name} {issue.check.identifier}: {issue.message}")
print("validated")
