"""A place on this machine where the commands of docs/deploy.md are run as they stand there, by root.

Only what `substitutions` names is another: folders, the user, ports, names. What the machine of a test lacks is done
by programs of the same name that come first in the PATH (tests/deploy/programs/): systemctl and certbot, and the real
apt-get and nginx with something left out.
"""

import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import date
from importlib.metadata import Distribution
from itertools import chain
from pathlib import Path
from typing import Self

import pytest

from tests.app.conftest import needed
from tests.deploy.servers import Cluster
from tests.support.site import API_KEY, ROOT

PROGRAMS = Path(__file__).parent / "programs"
PREFIX = "chatsite-t"
NAME = "localhost"
FOLDERS = (
    *("/srv/chatsite", "/var/lib/chatsite", "/var/backups/chatsite", "/var/log/nginx"),
    *("/etc/nginx", "/etc/systemd/system", "/etc/letsencrypt", "/run/nginx.pid", "/root"),
    *("/var/run/postgresql", "/etc/redis", "/run/redis", "/var/log/redis", "/var/lib/redis"),
)
"""What the page has at the top of the machine, and a test in a folder of its own."""
DEBIANS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KEPT = ("HOME", "LANG", "TMPDIR", "PIP_", "NPM_", "npm_", "HTTP", "http", "NO_PROXY", "no_proxy", "NODE_EXTRA")
"""Beginnings of what commands get of our environment: where packages come from, and no setting of the site."""
OFFLINE = re.compile(
    "NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|NameResolutionError"  # pip
    "|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT"  # npm
    "|Could not resolve|Temporary failure resolving"  # apt-get
)
COMMAND_SECONDS = 300


class Machine:
    """A context manager; afterwards nothing is left of it."""

    def __init__(self, model_url: str) -> None:
        self._model_url = model_url
        self.user = f"{PREFIX}{os.getpid()}"
        self.folder = Path(tempfile.mkdtemp(prefix="chatsite-deploy-"))
        self.site_port, self.plain_port, self.tls_port, self.redis_port = _free_ports(4)
        self.many_ports = _free_ports_of_many()
        self._cluster = Cluster(self.folder)
        self._cwd = self.folder

    @property
    def substitutions(self) -> dict[str, str]:
        """Patterns of the page, and what a test has in their place, in this order."""
        return {
            r"https://git\.example\.org/chatsite\.git": f"{self.folder}/repository.git",
            r"NEW-VERSION": "origin/HEAD",
            r"sk-your-key": f"{API_KEY}\nOPENAI_BASE_URL={self._model_url}\nCHAT_TITLES=off",
            rf"(?<![\w.])({'|'.join(FOLDERS)})\b": rf"{self.folder}\1",
            r"2026-11-29\.backup": f"{date.today()}.backup",
            r"(-u |-o |-g |root:|User=|Group=|--no-create-home )chatsite\b": rf"\1{self.user}",
            r"(createuser |--owner=|postgres://)chatsite\b": rf"\1{self.user}",
            r"(-p |127\.0\.0\.1:)8000\b": rf"\g<1>{self.site_port}",
            r"(-p |127\.0\.0\.1:)800(?=%i|[12]\b)": rf"\g<1>{self.many_ports}",
            r"(^port |127\.0\.0\.1:)6379\b": rf"\g<1>{self.redis_port}",
            r"listen 80\b": f"listen 127.0.0.1:{self.plain_port}",
            r"listen 443\b": f"listen 127.0.0.1:{self.tls_port}",
            r"^\s*listen \[::\]:.*\n": "",
            r"checkstream https://chat\.example\.org": f"checkstream --insecure --idle 1 {self.url}",
            r"chat\.example\.org": NAME,
        }

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.tls_port}"

    def adapted(self, text: str) -> str:
        for pattern, new in self.substitutions.items():
            text = re.sub(pattern, new, text, flags=re.MULTILINE)
        return text

    def path(self, place: str) -> Path:
        """Where a place of the page is here."""
        return Path(self.adapted(place))

    @property
    def log(self) -> str:
        """What the site has logged, by each of its processes."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("chatsite*.log")))

    def run(self, text: str) -> str:
        """Runs commands in the folder where those before have ended. Each must succeed. What they say."""
        script = f"trap 'pwd > {self.folder}/cwd' EXIT\n{self.adapted(text)}"
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", script],
            cwd=self._cwd,
            env=self._environment(),
            umask=0o022,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        if done.returncode and OFFLINE.search(done.stdout):
            pytest.skip(f"there is no network to install packages from: {done.stdout[-300:]}")
        assert done.returncode == 0, f"A command of docs/deploy.md failed, status {done.returncode}:\n{done.stdout}"
        self._cwd = Path((self.folder / "cwd").read_text().strip())
        for program, act in self._afterwards.items():
            if program in text:
                act()
        return re.sub(r"^\+.*\n", "", done.stdout, flags=re.MULTILINE)  # without what bash says that it does

    @property
    def _afterwards(self) -> dict[str, Callable[[], None]]:
        """What a test does when a command of the page has been run."""
        return {
            "-m venv": self._lend_packages,
            "git nginx": self._copy_nginx,
            "install --yes postgresql": self._cluster.start,
            "install --yes redis-server": self._copy_redis,
            "deploy/chatsite@.service": self._adapt_unit,
        }

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
        ours = {"PLACES": str(self.folder), "PGHOST": str(self._cluster.socket)}
        return {**kept, "PATH": f"{PROGRAMS}:{DEBIANS_PATH}", **ours}

    def __enter__(self) -> Self:
        """What is there before the page's first command: Debian's folders, its nginx, and a repository to clone."""
        _remove_users_of_the_dead()
        self.folder.chmod(0o755)
        for place in ("root", "srv", "run", "var/lib", "var/backups", "var/log/nginx", "etc/systemd/system"):
            (self.folder / place).mkdir(parents=True)
        subprocess.run(["git", "init", "--quiet", "--bare", self.folder / "repository.git"], check=True)
        self.release()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.run("systemctl stop nginx chatsite chatsite@1 chatsite@2 redis-server")
            self._cluster.stop()
        finally:
            _remove_user(self.user)
            shutil.rmtree(self.folder)

    def _lend_packages(self) -> None:
        """Those that we run with so that pip has little to fetch: it looks whether they are the right ones."""
        site_packages = self.path(f"/srv/chatsite/.venv/lib/python3.{sys.version_info.minor}/site-packages")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        if site_packages.exists():  # else it is another Python
            extras = [project["optional-dependencies"][extra] for extra in ("site", "postgres", "redis")]
            for package in needed([*project["dependencies"], *chain.from_iterable(extras)]):
                link(package, site_packages)

    def _copy_nginx(self) -> None:
        """The configuration as Debian's package leaves it, with a site of its own."""
        self._copy("/etc/nginx")

    def _copy_redis(self) -> None:
        self._copy("/etc/redis")
        self.path("/var/lib/redis").mkdir()

    def _copy(self, folder: str) -> None:
        shutil.copytree(folder, self.path(folder))
        for file in self.path(folder).rglob("*"):
            if file.is_file():
                self._adapt(file)

    def _adapt(self, file: Path) -> None:
        file.write_text(self.adapted(file.read_text(errors="surrogateescape")), errors="surrogateescape")

    def _adapt_unit(self) -> None:
        """Which the repository has, and not the page."""
        self._adapt(self.path("/etc/systemd/system/chatsite@.service"))

    def release(self) -> None:
        """A version in the repository: what stands in our working tree, committed or not."""
        git = ["git", f"--git-dir={self.folder}/repository.git", f"--work-tree={ROOT}"]
        subprocess.run([*git, "add", "--all"], cwd=ROOT, check=True)
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        commit = ["commit", "--quiet", "--allow-empty", "--message=A version"]
        subprocess.run([*git, *who, *commit], cwd=ROOT, check=True)


def link(package: Distribution, site_packages: Path) -> None:
    """Its files once more, in another environment."""
    for file in package.files or []:
        source, target = Path(str(package.locate_file(file))), site_packages / file
        if ".." not in file.parts and source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.hardlink_to(source)
            except OSError:  # on another disk
                shutil.copy2(source, target)


def _free_ports(number: int) -> list[int]:
    """Below those that the kernel gives to whoever asks for any, so that nobody takes them meanwhile."""
    ports: list[int] = []
    while len(ports) < number:
        port = random.randrange(12_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
    return ports


def _free_ports_of_many() -> str:
    """What the ports of two processes begin with, as 800 those of the page."""
    while True:
        begin = str(random.randrange(1_200, 3_000))
        with suppress(OSError), ExitStack() as stack:
            for number in (1, 2):
                stack.enter_context(socket.create_server(("127.0.0.1", int(f"{begin}{number}"))))
            return begin


def _remove_users_of_the_dead() -> None:
    """Of tests that were killed."""
    for user in pwd.getpwall():
        pid = user.pw_name.removeprefix(PREFIX)
        if pid != user.pw_name and not Path("/proc", pid).exists():
            _remove_user(user.pw_name)


def _remove_user(name: str) -> None:
    with suppress(KeyError):
        _end_processes_of(pwd.getpwnam(name).pw_uid)
        # By force: what has been killed may not be buried yet.
        subprocess.run(["/usr/sbin/userdel", "--force", name], check=True, stderr=subprocess.DEVNULL)


def _end_processes_of(uid: int) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == uid:
                os.kill(int(process.name), signal.SIGKILL)
