#!/usr/bin/env bash
# Builds the container's definition in a clean Debian, where no builder of images is to be had, and runs a command there.
#
#   bash tests/install/clean_root.sh ROOT CPU COMMAND...
#
# ROOT is made by debootstrap from the Debian that the definition names, then its %files are copied and its %post runs there,
# once. CPU is the definition's argument of that name, or "". COMMAND runs with its %environment, in a copy of the last
# commit. Needs root, debootstrap, and Debian's and Python's packages. Mounts end with the script.
set -euo pipefail
cd "$(dirname "$0")/../.."
definition=envs/kuzushiji.def
root=$1 cpu=$2
shift 2

section() { # NAME: the lines of that section
  awk -v name="%$1" '/^%/ { inside = ($1 == name); next } inside' "$definition"
}

if [ ! -e "$root/built" ]; then
  release=$(sed -n 's/^From: debian:\([a-z]*\)-slim$/\1/p' "$definition")
  [ -e "$root/usr/bin/apt-get" ] || debootstrap --variant=minbase "$release" "$root"
  section files | while read -r from to; do
    [ -z "$from" ] || install -D -m 644 "$from" "$root/$to"
  done
  section environment >"$root/environment.sh"
  section post | sed "s/{{ cpu }}/$cpu/g" >"$root/post.sh"
fi
# How this machine reaches the network: names, and the authorities it trusts. Nothing else of it is known inside.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
cp -L "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" "$root/certificates.crt"

inside() { # COMMAND...: with /proc and /dev, which are gone when it ends
  unshare --mount --pid --fork sh -c 'root=$1
    shift
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/dev/shm" &&
      exec env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C.UTF-8 \
        PIP_CERT=/certificates.crt chroot "$root" "$@"' sh "$root" "$@"
}

if [ ! -e "$root/built" ]; then
  inside sh /post.sh
  touch "$root/built"
fi
rm -rf "$root/checkout"
mkdir "$root/checkout"
git archive HEAD | tar -x -C "$root/checkout"
if [ -d resources/fonts ]; then cp -R resources/fonts "$root/checkout/resources/"; fi
inside sh -c '. /environment.sh
  cd /checkout
  exec "$@"' sh "$@"
