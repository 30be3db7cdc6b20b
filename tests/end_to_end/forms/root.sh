# Runs a program where the whole file system is what is named: each SOURCE appears in ROOT at PLACE.
#
#   unshare -rm bash root.sh ROOT [SOURCE=PLACE]... -- PROGRAM ARGUMENT...
set -e
root=$1
shift
while [ "$1" != -- ]; do
    place=$root${1#*=}
    if [ -d "${1%%=*}" ]; then
        mkdir -p "$place"
    elif [ ! -e "$place" ]; then
        mkdir -p "${place%/*}"
        : >"$place"
    fi
    mount --rbind "${1%%=*}" "$place"
    shift
done
shift
# bash hands on the agent's variables whose names no shell can say.
exec unshare --root="$root" --wd="$PWD" "$@"
