/* SPDX-License-Identifier: Apache-2.0 */
/* faulty_disk.h - SQLite's own disk, but the n-th writing call on it fails or ends the process
 *
 * Writing calls are write, truncate, sync and delete. Nothing is really synced: it would only cost
 * time, since no power is cut here.
 */
#ifndef TESTS_UNIT_FAULTY_DISK_H
#define TESTS_UNIT_FAULTY_DISK_H

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define FAULTY_DISK_DIED 77

enum fault { FAULT_NONE, FAULT_KILL, FAULT_FULL, FAULT_IO };

static struct {
    sqlite3_vfs *real;
    sqlite3_vfs own;
    enum fault fault;
    int64_t first, count; /* the calls that are hit: count of them from the first-th on */
    int64_t calls, hits;
    bool is_paused;
} faulty_disk;

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct, in the same memory */
};

static inline void faulty_disk_arm(enum fault fault, int64_t first, int64_t count)
{
    faulty_disk.fault = fault;
    faulty_disk.first = first;
    faulty_disk.count = count;
    faulty_disk.calls = 0;
    faulty_disk.hits = 0;
    faulty_disk.is_paused = false;
}

static inline bool faulty_disk_hits(void)
{
    if (faulty_disk.fault == FAULT_NONE || faulty_disk.is_paused)
        return false;
    faulty_disk.calls++;
    if (faulty_disk.calls < faulty_disk.first ||
        faulty_disk.calls >= faulty_disk.first + faulty_disk.count)
        return false;
    faulty_disk.hits++;
    if (faulty_disk.fault == FAULT_KILL)
        _exit(FAULTY_DISK_DIED);
    return true;
}

static inline sqlite3_file *real_file(sqlite3_file *file)
{
    return ((struct faulty_file *)(void *)file)->real;
}

static int faulty_close(sqlite3_file *file)
{
    return real_file(file)->pMethods->xClose(real_file(file));
}

static int faulty_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    return real_file(file)->pMethods->xRead(real_file(file), data, size, offset);
}

/* Half of what should be written is, before it fails. */
static int faulty_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    const bool hit = faulty_disk_hits();
    const int result =
        real_file(file)->pMethods->xWrite(real_file(file), data, hit ? size / 2 : size, offset);

    if (!hit)
        return result;
    return faulty_disk.fault == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (faulty_disk_hits())
        return SQLITE_IOERR_TRUNCATE;
    return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return faulty_disk_hits() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_file(file)->pMethods->xFileSize(real_file(file), size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
    return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int faulty_reserved(sqlite3_file *file, int *reserved)
{
    return real_file(file)->pMethods->xCheckReservedLock(real_file(file), reserved);
}

static int faulty_control(sqlite3_file *file, int operation, void *argument)
{
    return real_file(file)->pMethods->xFileControl(real_file(file), operation, argument);
}

static int faulty_sector(sqlite3_file *file)
{
    return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int faulty_device(sqlite3_file *file)
{
    return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

static const sqlite3_io_methods faulty_methods = {
    .iVersion = 1,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    struct faulty_file *faulty = (struct faulty_file *)(void *)file;

    (void)vfs;
    faulty->base.pMethods = NULL;
    faulty->real = (sqlite3_file *)(void *)(faulty + 1);
    const int result =
        faulty_disk.real->xOpen(faulty_disk.real, name, faulty->real, flags, out_flags);
    if (faulty->real->pMethods != NULL)
        faulty->base.pMethods = &faulty_methods;
    return result;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    (void)sync_folder;
    if (faulty_disk_hits())
        return SQLITE_IOERR_DELETE;
    return faulty_disk.real->xDelete(faulty_disk.real, name, 0);
}

/* From now on whoever opens a database gets this disk. */
static inline void faulty_disk_install(void)
{
    faulty_disk.real = sqlite3_vfs_find(NULL);
    faulty_disk.own = *faulty_disk.real;
    faulty_disk.own.zName = "faulty";
    faulty_disk.own.szOsFile = (int)sizeof(struct faulty_file) + faulty_disk.real->szOsFile;
    faulty_disk.own.xOpen = faulty_open;
    faulty_disk.own.xDelete = faulty_delete;
    sqlite3_vfs_register(&faulty_disk.own, 1);
}

#endif
