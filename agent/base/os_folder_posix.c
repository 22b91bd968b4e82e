/* SPDX-License-Identifier: Apache-2.0 */
/* os_folder_posix.c - paths, folders and the names in them, on Linux */
#define _GNU_SOURCE
#include "agent/base/os_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/os.h"
#include "agent/base/os_posix.h"

const char *os_path_join(const char *folder, const char *path, char *out, size_t size)
{
    char working[PATH_MAX];

    if (path[0] == '/') {
        folder = "";
    } else if (folder == NULL) {
        folder = getcwd(working, sizeof working);
    }
    const char *between = path[0] == '/' ? "" : "/";
    if (folder == NULL || snprintf(out, size, "%s%s%s", folder, between, path) >= (int)size)
        out[0] = '\0';
    return out;
}

const char *os_path_folder(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        snprintf(out, size, ".");
    else
        snprintf(out, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return out;
}

static bool is_folder(const char *path)
{
    struct stat facts;

    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

bool os_folder_make(const char *path, struct error *err)
{
    char part[PATH_MAX];
    const size_t length = strlen(path);

    if (length >= sizeof part)
        return error_set(err, ERROR_CONFIG, "the path is too long: %s", path);
    /* Every parent in turn: the path cut at each slash but a leading one, then the whole. */
    for (size_t at = 1; at <= length; at++) {
        if (path[at] != '/' && path[at] != '\0')
            continue;
        memcpy(part, path, at);
        part[at] = '\0';
        if (mkdir(part, 0700) != 0 && !is_folder(part))
            return error_set(err, os_errno_kind(errno), "cannot create the folder %s: %s", part,
                             strerror(errno));
    }
    return true;
}

bool os_folder_list(const char *path, void (*visit)(void *context, const struct os_entry *entry),
                    void *context, struct error *err)
{
    struct stat facts;
    DIR *folder = opendir(path);

    if (folder == NULL)
        return error_set(err, os_errno_kind(errno), "cannot list the folder %s: %s", path,
                         strerror(errno));
    for (;;) {
        errno = 0; /* tells the end from a failure */
        const struct dirent *found = readdir(folder);
        if (found == NULL)
            break;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(folder), found->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
            continue; /* gone since it was listed */
        visit(context, &(struct os_entry){
                           .name = found->d_name,
                           .is_regular = S_ISREG(facts.st_mode),
                           .size = (uint64_t)facts.st_size,
                           .modified_ns = os_modified_ns(&facts),
                       });
    }
    const int number = errno;
    closedir(folder);
    if (number != 0)
        return error_set(err, os_errno_kind(number), "cannot list the folder %s: %s", path,
                         strerror(number));
    return true;
}

/* Past one character of UTF-8. */
static const char *after_character(const char *name)
{
    do
        name++;
    while (((unsigned char)*name & 0xC0) == 0x80);
    return name;
}

bool os_name_matches(const char *pattern, const char *name)
{
    const char *star = NULL; /* the last one met, and where what it covers ends for now */
    const char *covered = NULL;

    if (name[0] == '.' && pattern[0] != '.')
        return false;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            covered = name;
        } else if (*pattern == '?') {
            pattern++;
            name = after_character(name);
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            covered = after_character(covered);
            name = covered;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

struct matches {
    const char *folder;
    const char *pattern; /* of the name */
    char **paths;
    size_t count;
};

static void add_match(void *context, const struct os_entry *entry)
{
    struct matches *matches = context;

    if (!os_name_matches(matches->pattern, entry->name))
        return;
    const size_t size = strlen(matches->folder) + strlen(entry->name) + 1;
    char *path = os_alloc(size);
    snprintf(path, size, "%s%s", matches->folder, entry->name);
    matches->paths = os_resize(matches->paths, (matches->count + 2) * sizeof *matches->paths);
    matches->paths[matches->count++] = path;
    matches->paths[matches->count] = NULL;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **os_glob(const char *pattern)
{
    const char *slash = strrchr(pattern, '/');
    const size_t folder_length = slash != NULL ? (size_t)(slash - pattern) + 1 : 0;
    char *folder = os_copy_text(pattern); /* with its slash, "" when there is none */
    struct matches matches = {.folder = folder, .pattern = pattern + folder_length};
    struct error ignored; /* a folder that is not there holds nothing that matches */

    folder[folder_length] = '\0';
    matches.paths = os_alloc(sizeof *matches.paths);
    if (os_folder_list(folder_length > 0 ? folder : ".", add_match, &matches, &ignored))
        qsort(matches.paths, matches.count, sizeof *matches.paths, compare_paths);
    os_free(folder);
    return matches.paths;
}

void os_glob_free(char **paths)
{
    if (paths == NULL)
        return;
    for (size_t i = 0; paths[i] != NULL; i++)
        os_free(paths[i]);
    os_free(paths);
}
