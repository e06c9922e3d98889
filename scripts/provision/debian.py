"""Packages of a Debian suite, unpacked into a folder: no root, and the system stays as it is."""

from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import shutil

from .layout import SetupError, run, scratch

MIRROR_VARIABLE = "AURALARCHIVE_DEBIAN_MIRROR"

_KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)
_SUITES = {
    *("bullseye", "bookworm", "trixie", "forky", "sid"),
    *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
}
# A package state of its own: apt sees an empty system, so it fetches every library a program needs.
# The hooks are cleared because they look after the real system.
_APT_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear APT::Default-Release;
Dir::State "{state}";
Dir::State::Lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::State::extended_states "{state}/extended_states";
Dir::Cache "{state}";
Dir::Cache::archives "{state}/archives";
Dir::Log "{state}";
Dir::Etc::Preferences "{state}/preferences";
Dir::Etc::PreferencesParts "{state}/preferences.d";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
"""
_ONE_SUITE = """\
Dir::Etc::SourceList "{state}/sources.list";
Dir::Etc::SourceParts "{state}/sources.list.d";
APT::Update::Error-Mode "any";
"""
# Folders of a package that only people read.
_UNREAD = ("doc", "info", "lintian", "locale", "man")


def unpack(package: str, suite: str | None, into: Path) -> None:
    """Unpack a package and all it needs; no suite means the machine's own sources."""
    with scratch() as state:
        for part in ("lists/partial", "archives/partial", "sources.list.d", "preferences.d"):
            (state / part).mkdir(parents=True)
        (state / "status").touch()
        configuration = _APT_CONFIGURATION
        if suite is not None:
            configuration += _ONE_SUITE
            source = f"deb [signed-by={_keyring()}] {_mirror()} {suite} main\n"
            (state / "sources.list").write_text(source)
        (state / "apt.conf").write_text(configuration.format(state=state))
        apt = ("apt-get", "-q", "-y", "-c", state / "apt.conf")
        run(*apt, "update")
        run(*apt, "--download-only", "install", package)
        archives = sorted((state / "archives").glob("*.deb"))
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(lambda archive: run("dpkg-deb", "-x", archive, into), archives))
    for name in _UNREAD:
        shutil.rmtree(into / "usr/share" / name, ignore_errors=True)


def loader(root: Path) -> Path:
    """Return the dynamic loader of an unpacked tree, which starts its programs anywhere."""
    found = [path for folder in library_folders(root) for path in folder.glob("ld-linux*.so.*")]
    if not found:
        raise SetupError(f"the packages in {root} brought no dynamic loader")
    return found[0]


def library_folders(root: Path) -> list[Path]:
    """Return the folders of an unpacked tree in which its programs look for libraries."""
    folders = [*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*")]
    return folders + [private for folder in folders for private in folder.glob("libproxy")]


def _keyring() -> Path:
    for keyring in _KEYRINGS:
        if keyring.is_file():
            return keyring
    raise SetupError("Debian's archive keys are missing: install debian-archive-keyring")


def _mirror() -> str:
    """Return the Debian mirror that this machine is set up to use."""
    if chosen := os.environ.get(MIRROR_VARIABLE):
        return chosen
    columns = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    listed = run("apt-get", "indextargets", "--format", columns, "Created-By: Packages")
    for line in listed.splitlines():
        release, component, address = line.split(maxsplit=2)
        # Other publishers use the names of Debian's suites too, but not this path.
        if release in _SUITES and component == "main" and address.rstrip("/").endswith("/debian"):
            return address
    raise SetupError(
        "no Debian mirror is set up on this machine:"
        f" install debian-archive-keyring and give a mirror's address in {MIRROR_VARIABLE}"
    )
