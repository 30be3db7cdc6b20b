/* openssl for the tests that run by wine: this system's own. wine starts it and cannot wait for it, so a file says when it has ended. */
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define PAUSE_MS 5
#define MOST_PAUSES (60 * 1000 / PAUSE_MS)

static char name[64];

static const char *beside(const char *ending) {
    static char path[96];
    snprintf(path, sizeof path, "%s%s", name, ending);
    return path;
}

static void copy(const char *ending, FILE *to) {
    FILE *from = fopen(beside(ending), "rb");
    int byte;
    while (from && (byte = fgetc(from)) != EOF) fputc(byte, to);
    if (from) fclose(from);
    remove(beside(ending));
}

int main(void) {
    int count;
    WCHAR **words = CommandLineToArgvW(GetCommandLineW(), &count);
    /* In the current folder: a path would mean something else to the other side. */
    snprintf(name, sizeof name, ".openssl-%lu", GetCurrentProcessId());
    FILE *script = fopen(beside(".sh"), "wb");
    if (!script) return 127;
    fprintf(script, "openssl");
    for (int at = 1; at < count; at++) {
        char word[4096];
        if (!WideCharToMultiByte(CP_UTF8, 0, words[at], -1, word, sizeof word, NULL, NULL)) return 127;
        fprintf(script, " '");
        for (const char *letter = word; *letter; letter++)
            if (*letter == '\'') fprintf(script, "'\\''"); else fputc(*letter, script);
        fprintf(script, "'");
    }
    fprintf(script, " >%s.out 2>%s.err </dev/null\necho $? >%s.new\nmv %s.new %s.end\n", name, name, name, name, name);
    fclose(script);

    char line[128];
    snprintf(line, sizeof line, "sh %s.sh", name);
    STARTUPINFOA startup = {sizeof startup};
    PROCESS_INFORMATION process;
    if (!CreateProcessA("Z:\\bin\\sh", line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) return 127;
    FILE *end = NULL;
    for (int pause = 0; pause < MOST_PAUSES && !(end = fopen(beside(".end"), "rb")); pause++) Sleep(PAUSE_MS);
    int code = 127;
    if (end) {
        if (fscanf(end, "%d", &code) != 1) code = 127;
        fclose(end);
    }
    _setmode(1, 0x8000);
    copy(".out", stdout);
    copy(".err", stderr);
    remove(beside(".end"));
    remove(beside(".sh"));
    return code;
}
