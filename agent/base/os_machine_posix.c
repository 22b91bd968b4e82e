/* SPDX-License-Identifier: Apache-2.0 */
/* os_machine_posix.c - who and where we are: machine, user, environment, terminal (Linux) */
#define _GNU_SOURCE
#include "agent/base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define MACHINE_ID_SIZE 64
#define USUAL_WIDTH     80

const char *os_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *os_machine_id(char text[MACHINE_ID_SIZE])
{
    static const char *const places[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};

    text[0] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0] && text[0] == '\0'; i++) {
        const int descriptor = open(places[i], O_RDONLY | O_CLOEXEC);
        if (descriptor < 0)
            continue;
        const ssize_t size = read(descriptor, text, MACHINE_ID_SIZE - 1);
        close(descriptor);
        text[size > 0 ? size : 0] = '\0';
        text[strcspn(text, "\r\n")] = '\0';
    }
    return text;
}

bool os_become_owner_of(const char *folder, struct error *err)
{
    struct stat facts;

    if (geteuid() != 0 || stat(folder, &facts) != 0 || facts.st_uid == 0)
        return true;
    const struct passwd *owner = getpwuid(facts.st_uid);
    const gid_t group = owner != NULL ? owner->pw_gid : facts.st_gid;
    const bool grouped =
        owner != NULL ? initgroups(owner->pw_name, group) == 0 : setgroups(1, &group) == 0;
    if (!grouped || setgid(group) != 0 || setuid(facts.st_uid) != 0)
        return error_set(err, ERROR_FATAL, "cannot become the owner of %s: %s", folder,
                         strerror(errno));
    return true;
}

bool os_is_terminal(int descriptor)
{
    return isatty(descriptor) == 1;
}

int os_terminal_width(void)
{
    struct winsize window;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return USUAL_WIDTH;
    return window.ws_col;
}

/* Reads byte by byte: what follows the line stays for whoever reads standard input next. */
static bool read_line(char *text, size_t size, struct error *err)
{
    size_t length = 0;
    ssize_t got;
    char byte = '\0';

    while ((got = read(STDIN_FILENO, &byte, 1)) == 1 && byte != '\n') {
        if (length + 1 >= size)
            return error_set(err, ERROR_CONFIG, "the value is longer than %zu bytes", size - 1);
        text[length++] = byte;
    }
    if (got < 0)
        return error_set(err, ERROR_FATAL, "cannot read standard input: %s", strerror(errno));
    if (got == 0 && length == 0)
        return error_set(err, ERROR_CONFIG, "standard input ended before a value came");
    if (length > 0 && text[length - 1] == '\r')
        length--;
    text[length] = '\0';
    return true;
}

bool os_read_secret(const char *prompt, char *text, size_t size, struct error *err)
{
    struct termios shown;

    if (!os_is_terminal(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown) != 0)
        return read_line(text, size, err);

    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)fputs(prompt, stderr);
    (void)fflush(stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    const bool read = read_line(text, size, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)fputs("\n", stderr);
    return read;
}
