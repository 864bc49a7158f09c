import re
import subprocess
import sys
from pathlib import Path

import triton

# the halves of a constant that is added to an address: both to one register, which nothing wrote between
low = re.compile(r' UIADD3 (UR\d+), UP\d, (UR\d+), 0x')
high = re.compile(r' UIADD3\.X UR\d+, (UR\d+), -?0x[0-9a-f]{7}')
tool = Path(triton.__file__).parent / 'backends/nvidia/bin/nvdisasm'
for kernel in sorted(Path(sys.argv[1]).rglob('*.cubin')):
    source = None
    for line in subprocess.run([tool, '-c', kernel], capture_output=True, text=True, check=True).stdout.splitlines():
        if found := low.search(line):
            source = found[2] if found[1] != found[2] else None
        elif (found := high.search(line)) and found[1] == source:
            print(kernel.stem, line.split('*/')[1].strip())
        elif source and re.search(rf' U\S+ {source},', line):
            source = None
