#!/usr/bin/env bash
# Fetches the fonts of the drawn pages, the overlays and the viewer into a folder. Needs no root, and does again only what is missing.
#
#   bash envs/fonts.sh [FOLDER, else resources/fonts]
#
# Tried in this order: fonts installed from Debian packages, those packages downloaded and unpacked, npm packages,
# and the font that pip installed with matplotlib-fontja ($PYTHON, else python3, names that Python).
set -euo pipefail

folder=${1:-$(dirname "$0")/../resources/fonts}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt's own user writes here when root runs this
mkdir -p "$folder"

brushes=(KouzanBrushFontSousyo kouzan-mouhitsu-gyosho kouzan-mouhitsu aoyagi-soseki AoyagiKouzanT)
plain=(ipamjm HanaMinA HanaMinB) # together they have all of the competition's characters
# Functions, not tables: macOS has bash 3.2.
package() { # FONT: the Debian package that has it
  case $1 in
    KouzanBrushFontSousyo | kouzan-mouhitsu*) echo fonts-kouzan-mouhitsu ;;
    aoyagi-soseki) echo fonts-aoyagi-soseki ;;
    AoyagiKouzanT) echo fonts-aoyagi-kouzan-t ;;
    ipamjm) echo fonts-ipamj-mincho ;;
    HanaMin*) echo fonts-hanazono ;;
  esac
}
npm_version() { # FONT
  case $1 in
    yuji-hentaigana-akebono) echo 4.5.8 ;;
    *) echo 5.3.0 ;;
  esac
}
npm_brushes=(yuji-boku yuji-mai yuji-syuku)
npm_always=(yuji-hentaigana-akebono yuji-boku yuji-mai) # hentaigana shapes, and two hands that Debian has not

have() { [[ -s "$folder/$1.ttf" ]]; }

# A killed copy must not pass for a font.
keep() {
  cp "$1" "$folder/.$2.part" && mv "$folder/.$2.part" "$folder/$2.ttf"
  echo "  $2: $3"
}

from_tree() { # FONT TREE SOURCE
  local found
  found=$(find "$2" -name "$1.ttf" 2>/dev/null | sort | head -n 1 || true)
  [[ -n "$found" ]] && keep "$found" "$1" "$3"
}

# SECONDS COMMAND: ends it when it takes too long, where there is a `timeout`.
at_most() {
  if command -v timeout >/dev/null; then timeout "$@"; else "${@:2}"; fi
}

apt_options=(-qq)
from_apt() { # PACKAGE: its files under $work/$1
  [[ -d "$work/$1" ]] && return 0
  [[ -e "$work/no_apt" ]] && return 1
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    touch "$work/no_apt"
    return 1
  fi
  # Package lists of our own leave the machine's alone, and need no root.
  if [[ ! -e "$work/updated" ]] && ! apt-cache show "$1" >/dev/null 2>&1; then
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    chmod -R 777 "$work/apt"
    apt_options=(-qq -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache")
    touch "$work/updated"
    at_most 120 apt-get "${apt_options[@]}" update >"$work/log" 2>&1 || { touch "$work/no_apt"; return 1; }
  fi
  mkdir -p "$work/deb"
  chmod 777 "$work/deb"
  (cd "$work/deb" && at_most 300 apt-get "${apt_options[@]}" download "$1" >"$work/log" 2>&1) || return 1
  dpkg-deb -x "$work/deb/$1"_*.deb "$work/$1"
}

from_npm() { # PACKAGE: a whole WOFF (zlib, so that fontTools needs no brotli) made a TrueType file
  command -v npm >/dev/null && "$python" -c "import fontTools" 2>/dev/null || return 1
  local version
  version=$(npm_version "$1")
  (cd "$work" && at_most 300 npm pack "@fontsource/$1@$version" >"$work/log" 2>&1) || return 1
  tar -xzf "$work/fontsource-$1-$version.tgz" -C "$work" "package/files/$1-japanese-400-normal.woff" || return 1
  "$python" - "$work/package/files/$1-japanese-400-normal.woff" "$work/$1.ttf" <<'END' || return 1
import sys

from fontTools.ttLib import TTFont

font = TTFont(sys.argv[1])
font.flavor = None
font.save(sys.argv[2])
END
  keep "$work/$1.ttf" "$1" "npm @fontsource/$1 $version"
}

from_pip() {
  local file
  file=$("$python" -c "import importlib.util as u, pathlib as p
print(next(p.Path(u.find_spec('matplotlib_fontja').origin).parent.rglob('ipaexg.ttf')))" 2>/dev/null) || return 1
  keep "$file" ipaexg "PyPI matplotlib-fontja"
}

for font in "${brushes[@]}" "${plain[@]}"; do
  have "$font" && continue
  from_tree "$font" /usr/share/fonts "installed" && continue
  name=$(package "$font")
  from_apt "$name" && from_tree "$font" "$work/$name" "Debian $name" || true
done

any_brush() {
  local font
  for font in "${brushes[@]}" "${npm_brushes[@]}"; do have "$font" && return 0; done
  return 1
}

# Drawn pages do without these where npm is missing: other fonts take their place.
for font in "${npm_always[@]}"; do have "$font" || from_npm "$font" || true; done
any_brush || for font in "${npm_brushes[@]}"; do from_npm "$font" || true; done
any_brush && have "${plain[0]}" || have ipaexg || from_pip || true

echo "Fonts in $folder:"
(cd "$folder" && find . -name '*.ttf' | sed 's|.*/|  |' | sort)
if ! any_brush; then
  if have ipaexg; then
    echo "No brush font could be had: the pages will be drawn with IPAex Gothic, which works but looks printed." >&2
    echo "For brush pages, install the Debian packages (see resources/README.md) or copy a font there, and run this again." >&2
  else
    echo "No Japanese font could be had. Install matplotlib-fontja into $python, or copy one into $folder." >&2
    exit 1
  fi
fi
