"""AdoEntraAuth@1 as a backend of the package keyring. It answers for feeds of the job, and leaves the rest to other backends."""

import json
import os
import subprocess
import sys

from keyring import backend, core, credentials, errors

PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin", "keyring")
HOSTS = ("pkgs.dev.azure.com", ".pkgs.visualstudio.com")


class Keyring(backend.KeyringBackend):
    priority = 9.95

    def get_credential(self, service, username):
        if not any(host in str(service).lower() for host in HOSTS):
            return None
        call = [PROGRAM, "--mode=creds", "--output=json", "get", service]
        client = next((name for name in ("poetry", "twine", "pip") if name in sys.modules), "1")
        environment = dict(os.environ, ADO_ENTRA_AUTH_ASKED_AGAIN=client)
        try:
            answer = subprocess.run(call, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
        except OSError:
            return None
        if answer.returncode != 0:
            return None
        return credentials.SimpleCredential(**json.loads(answer.stdout.decode()))

    def get_password(self, service, username):
        if service == "python-poetry-check" and "config" in sys.argv and core.get_keyring() is self:
            # Nothing can be stored here, so poetry is to store it where it would without this backend.
            raise errors.KeyringError("nothing is stored")
        found = self.get_credential(service, username)
        return found and found.password

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError
