# What `import voluptuous` gives within Home Assistant: probatio, under voluptuous' name.

from probatio import *
