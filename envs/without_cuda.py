"""Installs the lock without NVIDIA's libraries and triton, into the Python that runs it.

    python envs/without_cuda.py

For Linux without a GPU: 2.6 GB in place of 6.7 GB. PyTorch's wheel for Linux loads NVIDIA's libraries when it is
imported, although a CPU needs none of them. Where pip can reach a build without CUDA of the same version
(`PIP_EXTRA_INDEX_URL` names PyTorch's index of these), it installs that one. Else small libraries of the same names
take their place: each function in them says that there is no GPU. What remains of CUDA is PyTorch's own code for it,
0.5 GB, and `pip check` then misses packages. Nothing but the standard library is needed, and no compiler.
"""

import re
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.txt")
CHOSEN = "requirements.cpu.txt"  # in the environment: what was installed there
CUDA_PACKAGE = re.compile(r"cuda-|nvidia-|triton\b")
CUDA_LIBRARY = re.compile(r"lib(cu|nv|nccl)")
CUDA_FUNCTION = re.compile(r"_*(cu(da|blas|dnn|fft|file|File|rand|solver|sparse|pti)|nccl|nvrtc|nvshmem|nvJitLink)")
DRIVER = "libcuda.so.1"  # comes with a GPU's driver, never with a package
# `return 100`, which is cudaErrorNoDevice, by the number that ELF has for a processor: x86-64, aarch64.
RETURN_NO_DEVICE = {62: bytes.fromhex("b864000000c3"), 183: struct.pack("<II", 0x52800C80, 0xD65F03C0)}
CHECK = """
import torch, torchvision
assert not torch.cuda.is_available()
torchvision.ops.nms(torch.eye(4)[:, [0, 0, 1, 1]].cumsum(1), torch.ones(4), 0.5)
torch.nn.Conv2d(1, 1, 3)(torch.ones(1, 1, 8, 8)).sum().backward()
"""


def main() -> None:
    """Install, and check that PyTorch works."""
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if not CUDA_PACKAGE.match(line)]
    chosen = Path(sys.prefix, CHOSEN)
    chosen.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # The lock has all that its packages need, so that nothing else has to come along.
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(chosen)]
    subprocess.run(pip, check=True)
    if sys.platform == "linux":
        for name in stand_in(Path(sysconfig.get_path("platlib"), "torch/lib")):
            print(f"  a stand-in for {name}")
    subprocess.run([sys.executable, "-c", CHECK], check=True)


def stand_in(folder: Path) -> list[str]:
    """Write stand-ins for CUDA libraries that the libraries in `folder` load and `folder` lacks; say their names."""
    libraries = {path.name: path.read_bytes() for path in folder.glob("*.so*")}
    read = [undefined(library) for library in libraries.values()]
    needed = {name for names, _ in read for name in names if CUDA_LIBRARY.match(name)}
    missing = sorted(needed - libraries.keys() - {DRIVER})
    functions = set().union(*(found for _, found in read))
    for name in missing:
        # A function that says which library has it, or by its name that it is one of CUDA's.
        mine = {
            function: version
            for function, library, version in sorted(functions)
            if library == name or (not library and CUDA_FUNCTION.match(function))
        }
        (processor,) = struct.unpack_from("<H", next(iter(libraries.values())), 18)
        (folder / name).write_bytes(empty_library(name, mine, processor))
    return missing


def undefined(elf: bytes) -> tuple[set[str], set[tuple[str, str, str]]]:
    """Which libraries an ELF library loads, and which functions it takes from others: name, library, version, or "".

    A stand-in has no sections, and takes nothing.
    """
    (at,) = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    if not at:
        return set(), set()
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, at + number * size) for number in range(count)]
    by_type = {section[1]: section for section in sections}
    dynamic, symbols, versions = by_type[6], by_type[11], by_type.get(0x6FFFFFFF)

    def text(section: tuple, offset: int) -> str:
        start = sections[section[6]][4] + offset
        return elf[start : elf.index(b"\0", start)].decode()

    entries = struct.iter_unpack("<QQ", elf[dynamic[4] : dynamic[4] + dynamic[5]])
    needed = {text(dynamic, value) for tag, value in entries if tag == 1}
    origins = {}
    if wanted := by_type.get(0x6FFFFFFE):
        at = wanted[4]
        for _ in range(wanted[7]):
            _, count, library, first, following = struct.unpack_from("<HHIII", elf, at)
            entry = at + first
            for _ in range(count):
                _, _, index, name, step = struct.unpack_from("<IHHII", elf, entry)
                origins[index] = (text(wanted, library), text(wanted, name))
                entry += step
            at += following
    functions = set()
    for number in range(1, symbols[5] // 24):
        name, _, _, section = struct.unpack_from("<IBBH", elf, symbols[4] + 24 * number)
        if not section:
            index = struct.unpack_from("<H", elf, versions[4] + 2 * number)[0] & 0x7FFF if versions else 1
            functions.add((text(symbols, name), *origins.get(index, ("", ""))))
    return needed, functions


def empty_library(name: str, functions: dict[str, str], processor: int) -> bytes:
    """An ELF library whose `functions`, each with its version or "", return 100.

    In order: header, program headers, code, symbols, their hash table, their versions, the versions' definitions,
    strings, and on pages of its own what the loader reads, and writes to.
    """
    strings = bytearray(b"\0")

    def string(text: str) -> int:
        strings.extend(text.encode() + b"\0")
        return len(strings) - len(text.encode()) - 1

    versions = [name, *sorted(set(functions.values()) - {""})]
    count, code = len(functions) + 1, 64 + 4 * 56
    symbols = bytes(24) + b"".join(struct.pack("<IBBHQQ", string(f), 0x12, 0, 1, code, 8) for f in functions)
    buckets, chain = [0] * count, [0] * count
    for number, function in enumerate(functions, 1):
        bucket = _hash(function) % count
        chain[number], buckets[bucket] = buckets[bucket], number
    table = struct.pack(f"<II{count}I{count}I", count, count, *buckets, *chain)
    index = {version: number for number, version in enumerate(versions, 1)} | {"": 1}
    of_symbols = struct.pack(f"<{count}H", 0, *(index[version] for version in functions.values()))
    definitions = b"".join(
        struct.pack("<HHHHIII", 1, number == 1, number, 1, _hash(version), 20, 28 * (number < len(versions)))
        + struct.pack("<II", string(version), 0)
        for number, version in enumerate(versions, 1)
    )
    own_name = string(name)

    content = bytearray(code) + RETURN_NO_DEVICE[processor]
    places = []
    for part in (symbols, table, of_symbols, definitions, strings):
        content += bytes(-len(content) % 8)
        places.append(len(content))
        content += part
    end = len(content)
    content += bytes(-end % 0x10000)
    at_symbols, at_table, at_versions, at_definitions, at_strings = places
    dynamic = {14: own_name, 4: at_table, 5: at_strings, 6: at_symbols, 10: len(strings), 11: 24}
    dynamic |= {0x6FFFFFF0: at_versions, 0x6FFFFFFC: at_definitions, 0x6FFFFFFD: len(versions), 0: 0}
    loaded = b"".join(struct.pack("<QQ", *pair) for pair in dynamic.items())
    segments = [(1, 5, 0, end, 0x10000), (1, 6, len(content), len(loaded), 0x10000)]
    segments += [(2, 6, len(content), len(loaded), 8), (0x6474E551, 6, 0, 0, 16)]  # the last: a stack without code
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, processor, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    for kind, flags, start, length, align in segments:
        header += struct.pack("<IIQQQQQQ", kind, flags, start, start, start, length, length, align)
    content[: len(header)] = header
    return bytes(content) + loaded


def _hash(text: str) -> int:
    """The hash that ELF has for names."""
    value = 0
    for byte in text.encode():
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0xFFFFFFF
    return value


if __name__ == "__main__":
    main()
