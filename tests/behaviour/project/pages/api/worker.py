import os
import re
from pathlib import Path


async def handler(req, res):
    status = Path("/proc/self/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    res.json({"pid": os.getpid(), "resident_kib": resident, "open_files": len(os.listdir("/proc/self/fd"))})
