/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - gives a target every file of its corpus: the folders named as arguments */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

/* False: not a file. */
static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;

    PROMISE(file != NULL && fstat(fileno(file), &about) == 0);
    if (!S_ISREG(about.st_mode)) {
        fclose(file);
        return false;
    }
    const size_t size = (size_t)about.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1);
    PROMISE(data != NULL && fread(data, 1, size, file) == size);
    fclose(file);
    printf("%s\n", path); /* the last one is the one that failed */
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return true;
}

int main(int count, char **folders)
{
    size_t replayed = 0;

    for (int i = 1; i < count; i++) {
        struct dirent **entries;
        const int found = scandir(folders[i], &entries, NULL, alphasort);

        PROMISE(found >= 0);
        for (int j = 0; j < found; j++) {
            char path[4096];

            snprintf(path, sizeof path, "%s/%s", folders[i], entries[j]->d_name);
            replayed += replay(path);
            free(entries[j]);
        }
        free(entries);
    }
    printf("%zu files\n", replayed);
    return replayed > 0 ? 0 : 1;
}
