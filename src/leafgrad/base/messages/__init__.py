"""Every message that a user can see, as templates with named fields.

The first sentence is torch's own, because people match on it; what follows is ours: where, and the repair.
"""

from .arguments import *
from .checkpoints import *
from .checks import *
from .extending import *
from .functional import *
from .graph import *
from .indexing import *
from .linalg import *
from .making import *
from .movement import *
from .profiling import *
from .saving import *
from .sums import *
from .transforms import *
from .trees import *
from .values import *
