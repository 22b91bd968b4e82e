/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.c - references are replaced by what they stand for: stored, environment, file, systemd */
#include "agent/secrets.h"

#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/base/os.h"
#include "agent/base/os_file.h"
#include "agent/secrets_store.h"

#define VALUE_MOST ((size_t)64 << 10)
#define TEXT_MOST  ((size_t)256 << 10)
#define PLAIN_MOST ((size_t)7 << 20)

/* A ${file:...} read so far: its last good value. */
struct secret_file {
    struct secret_file *next;
    char *path;
    uint64_t mark;
    struct bytes value;
};

struct secrets {
    struct os_mutex *mutex; /* over files */
    char *state_dir;
    char *base_folder;
    struct secret_file *files;
    struct bytes lent;
};

struct secrets *secrets_open(const char *state_dir, const char *base_folder)
{
    struct secrets *secrets = os_alloc(sizeof *secrets);

    secrets->mutex = os_mutex_new();
    secrets->state_dir = os_copy_text(state_dir);
    secrets->base_folder = os_copy_text(base_folder);
    bytes_init(&secrets->lent, TEXT_MOST);
    return secrets;
}

void secrets_close(struct secrets *secrets)
{
    if (secrets == NULL)
        return;
    while (secrets->files != NULL) {
        struct secret_file *file = secrets->files;

        secrets->files = file->next;
        os_free(file->path);
        bytes_free(&file->value);
        os_free(file);
    }
    bytes_free(&secrets->lent);
    os_free(secrets->base_folder);
    os_free(secrets->state_dir);
    os_mutex_free(secrets->mutex);
    os_free(secrets);
}

bool secrets_name_is_valid(const char *name)
{
    const size_t size = strlen(name);

    return size >= 1 && size <= 64 && strchr("._-", name[0]) == NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

/* Valid UTF-8 that can travel: blanks and line ends are the only control characters. */
static bool is_usable(const char *value, size_t size)
{
    size_t start = 0;

    for (size_t i = 0; i <= size; i++) {
        if (i < size && (value[i] == '\0' || strchr("\t\r\n", value[i]) == NULL))
            continue;
        if (!json_text_is_valid(value + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}

static bool find_stored(struct secrets *secrets, const char *name, struct bytes *out,
                        struct error *err)
{
    struct stored_secret secret;
    struct bytes plain;
    size_t offset = 0;
    bool found = false;

    bytes_init(&plain, PLAIN_MOST);
    if (!secrets_store_read(secrets->state_dir, &plain, err))
        goto out;
    while (!found && secrets_store_next(&plain, &offset, &secret)) {
        found =
            secret.name_size == strlen(name) && memcmp(secret.name, name, secret.name_size) == 0;
    }
    if (found)
        bytes_append(out, secret.value, secret.value_size);
    else
        error_set(err, ERROR_CONFIG,
                  "the secret \"%s\" is not stored: run `cloud-link secret set %s`", name, name);

out:
    bytes_free(&plain);
    return found;
}

static bool find_variable(const char *name, struct bytes *out, struct error *err)
{
    const char *value = os_variable(name);

    if (value == NULL)
        return error_set(err, ERROR_CONFIG, "the environment variable %s is not set", name);
    bytes_append_text(out, value);
    return true;
}

static struct secret_file *file_at(struct secrets *secrets, const char *path)
{
    struct secret_file *file = secrets->files;

    while (file != NULL && strcmp(file->path, path) != 0)
        file = file->next;
    if (file != NULL)
        return file;
    file = os_alloc(sizeof *file);
    file->path = os_copy_text(path);
    bytes_init(&file->value, VALUE_MOST);
    file->next = secrets->files;
    secrets->files = file;
    return file;
}

/* Appends the file's content without the line end, or the last good one while it is being
 * rewritten: gone, empty, or changed while it was read. */
static bool read_secret_file(struct secret_file *file, struct bytes *out, struct error *err)
{
    uint64_t before = 0, after = 0;
    struct bytes content;
    bool ok = false;

    bytes_init(&content, VALUE_MOST);
    const bool exists = os_file_mark(file->path, &before);
    if (exists && !os_file_read_private(file->path, &content, err))
        goto out;
    os_file_mark(file->path, &after);
    while (content.size > 0 && strchr("\r\n", (int)content.data[content.size - 1]) != NULL)
        content.size--;
    if (content.size > 0 && before == after) {
        bytes_reset(&file->value);
        bytes_append(&file->value, content.data, content.size);
    }
    file->mark = before;
    if (file->value.size == 0) {
        error_set(err, ERROR_CONFIG, "the secret file %s %s", file->path,
                  exists ? "is empty" : "does not exist");
        goto out;
    }
    bytes_append(out, file->value.data, file->value.size);
    ok = true;

out:
    bytes_free(&content);
    return ok;
}

static bool find_file(struct secrets *secrets, const char *folder, const char *name,
                      struct bytes *out, struct error *err)
{
    char path[4096];

    os_path_join(folder, name, path, sizeof path);
    os_mutex_lock(secrets->mutex);
    const bool ok = read_secret_file(file_at(secrets, path), out, err);
    os_mutex_unlock(secrets->mutex);
    return ok;
}

static bool find_credential(struct secrets *secrets, const char *name, struct bytes *out,
                            struct error *err)
{
    const char *folder = os_variable("CREDENTIALS_DIRECTORY");

    if (folder == NULL)
        return error_set(err, ERROR_RETRY,
                         "the credential %s is not checked: only systemd's service sees it", name);
    return find_file(secrets, folder, name, out, err);
}

/* `secret:NAME` and the like, without the ${ } around it. */
static bool resolve_reference(struct secrets *secrets, char *reference, struct bytes *out,
                              struct error *err)
{
    char *colon = strchr(reference, ':');
    struct bytes value;
    bool ok;

    if (colon == NULL || colon[1] == '\0')
        return error_set(err, ERROR_CONFIG,
                         "${%s} is no reference: ${secret:NAME}, ${env:NAME}, ${file:PATH} and "
                         "${credential:NAME} are, and $${ is a plain ${",
                         reference);
    const char *name = colon + 1;
    *colon = '\0';
    bytes_init(&value, VALUE_MOST);
    if (strcmp(reference, "secret") == 0)
        ok = find_stored(secrets, name, &value, err);
    else if (strcmp(reference, "env") == 0)
        ok = find_variable(name, &value, err);
    else if (strcmp(reference, "file") == 0)
        ok = find_file(secrets, secrets->base_folder, name, &value, err);
    else if (strcmp(reference, "credential") == 0)
        ok = find_credential(secrets, name, &value, err);
    else
        ok =
            error_set(err, ERROR_CONFIG,
                      "${%s:...} is no reference: secret, env, file and credential are", reference);
    if (ok && (value.overflow || !is_usable((const char *)value.data, value.size)))
        ok = error_set(err, ERROR_CONFIG, "the value of ${%s:%s} is not a text of at most 64 KiB",
                       reference, name);
    if (ok) {
        log_scrub_add(bytes_text(&value));
        bytes_append(out, value.data, value.size);
    }
    bytes_free(&value);
    return ok;
}

bool secrets_resolve(struct secrets *secrets, const char *text, struct bytes *out,
                     struct error *err)
{
    const char *at = text;

    while (*at != '\0') {
        const char *dollar = strstr(at, "${");

        if (dollar == NULL) {
            bytes_append_text(out, at);
            break;
        }
        if (dollar > at && dollar[-1] == '$') { /* $${ */
            bytes_append(out, at, (size_t)(dollar - 1 - at));
            bytes_append_text(out, "${");
            at = dollar + 2;
            continue;
        }
        const char *brace = strchr(dollar, '}');
        char reference[1024];

        if (brace == NULL || (size_t)(brace - dollar) - 2 >= sizeof reference)
            return error_set(err, ERROR_CONFIG,
                             "a ${ without its }: a reference is ${secret:NAME}, a plain ${ is "
                             "written $${");
        memcpy(reference, dollar + 2, (size_t)(brace - dollar) - 2);
        reference[brace - dollar - 2] = '\0';
        bytes_append(out, at, (size_t)(dollar - at));
        if (!resolve_reference(secrets, reference, out, err))
            return false;
        at = brace + 1;
    }
    return out->overflow ? error_set(err, ERROR_CONFIG, "a value is longer than 256 KiB") : true;
}

const char *secrets_lend(struct secrets *secrets, const char *text, struct error *err)
{
    bytes_reset(&secrets->lent);
    return secrets_resolve(secrets, text, &secrets->lent, err) ? bytes_text(&secrets->lent) : NULL;
}

uint64_t secrets_mark(struct secrets *secrets)
{
    char path[4096];
    uint64_t sum = 0, mark = 0;

    secrets_store_path(secrets->state_dir, path, sizeof path);
    if (os_file_mark(path, &mark))
        sum = mark;
    os_mutex_lock(secrets->mutex);
    for (const struct secret_file *file = secrets->files; file != NULL; file = file->next) {
        mark = 0;
        os_file_mark(file->path, &mark);
        sum = sum * 31 + mark;
    }
    os_mutex_unlock(secrets->mutex);
    return sum;
}

/* Rewrites the store with this secret, or without it (value NULL). */
static bool change(struct secrets *secrets, const char *name, const char *value, bool *existed,
                   struct error *err)
{
    const struct stored_secret changed = {name, strlen(name), value,
                                          value == NULL ? 0 : strlen(value)};
    struct os_lock *lock = NULL;
    char lock_path[4096];
    struct stored_secret secret;
    struct bytes before, after;
    bool is_put = value == NULL;
    bool ok = false;
    size_t offset = 0;

    *existed = false;
    bytes_init(&before, PLAIN_MOST);
    bytes_init(&after, PLAIN_MOST);
    if (!os_folder_make(secrets->state_dir, err))
        goto out;
    os_path_join(secrets->state_dir, "secrets.lock", lock_path, sizeof lock_path);
    lock = os_lock_take(lock_path, err);
    if (lock == NULL || !secrets_store_read(secrets->state_dir, &before, err))
        goto out;
    while (secrets_store_next(&before, &offset, &secret)) {
        const size_t shorter =
            secret.name_size < changed.name_size ? secret.name_size : changed.name_size;
        int order = memcmp(secret.name, name, shorter);

        if (order == 0)
            order = (int)secret.name_size - (int)changed.name_size;
        if (order >= 0 && !is_put) {
            secrets_store_append(&after, &changed);
            is_put = true;
        }
        if (order == 0)
            *existed = true;
        else
            secrets_store_append(&after, &secret);
    }
    if (!is_put)
        secrets_store_append(&after, &changed);
    if (after.overflow)
        error_set(err, ERROR_CONFIG, "there is no room for more secrets");
    else if (value == NULL && !*existed)
        ok = true;
    else
        ok = secrets_store_write(secrets->state_dir, &after, err);

out:
    os_lock_release(lock);
    bytes_free(&before);
    bytes_free(&after);
    return ok;
}

bool secrets_set(struct secrets *secrets, const char *name, const char *value, struct error *err)
{
    bool existed;

    if (!secrets_name_is_valid(name))
        return error_set(err, ERROR_CONFIG,
                         "\"%s\" is not a name: letters, digits, points, underscores and hyphens, "
                         "at most 64",
                         name);
    if (value[0] == '\0')
        return error_set(err, ERROR_CONFIG, "an empty secret is not stored");
    if (strlen(value) > VALUE_MOST || !is_usable(value, strlen(value)))
        return error_set(err, ERROR_CONFIG, "a secret is a text (UTF-8) of at most 64 KiB");
    return change(secrets, name, value, &existed, err);
}

bool secrets_remove(struct secrets *secrets, const char *name, bool *existed, struct error *err)
{
    return change(secrets, name, NULL, existed, err);
}

bool secrets_list(struct secrets *secrets, void (*visit)(void *context, const char *name),
                  void *context, struct error *err)
{
    struct stored_secret secret;
    struct bytes plain;
    size_t offset = 0;

    bytes_init(&plain, PLAIN_MOST);
    const bool ok = secrets_store_read(secrets->state_dir, &plain, err);
    while (ok && secrets_store_next(&plain, &offset, &secret)) {
        char name[256];

        memcpy(name, secret.name, secret.name_size);
        name[secret.name_size] = '\0';
        visit(context, name);
    }
    bytes_free(&plain);
    return ok;
}
